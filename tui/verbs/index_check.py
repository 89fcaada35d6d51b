"""What `litmus doctor` says of the index: how much is in it, who has it, whether it is sound."""

from __future__ import annotations

import os
import time

from lab.engine import Engine
from lab.rag.library import URL
from store import index_files
from store.chunks import indexed_count


async def look(engine: Engine) -> tuple[bool, str]:
    """Return whether nothing is due on the index, and what there is to say of it.

    It is not opened for this.
    """
    home = engine.database.home
    url = os.environ.get(URL, "").strip()
    count = await engine.database.read(indexed_count)
    what = f"{count:,} chunk{'' if count == 1 else 's'}" + (f" on {url}" if url else "")
    if index_files.held(home):
        owner = index_files.owner(home)
        if not owner:
            return True, f"{what}, held by another Litmus"
        since = time.strftime("%H:%M", time.localtime(owner["since"]))
        return True, f"{what}, held by process {owner['pid']} on {owner['host']} since {since}"
    if not count:
        return True, "no chunks yet; `litmus docs promote` makes them"
    if index_files.closed_properly(home, url):
        return True, f"{what}, sound"
    return False, f"{what}; it is checked, and repaired if need be, when it is next used"
