"""What the app paints on may go away."""

import io
import os
import sys
import threading

from textual.drivers._writer_thread import WriterThread

from tui.terminal import Outlasting, outlasting_terminal


def test_a_closed_window_never_holds_up_who_writes_to_it():
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal:
        writer = WriterThread(Outlasting(terminal))
        writer.start()
        writer.write("seen")
        assert os.read(master, 100) == b"seen"
        os.close(master)

        def write_on():
            # More than the writer's queue holds.
            for _ in range(200):
                writer.write("x" * 10_000)
            writer.stop()

        writing = threading.Thread(target=write_on, daemon=True)
        writing.start()
        writing.join(20)
        assert not writing.is_alive()


def test_what_is_written_arrives_and_the_rest_is_the_files_own():
    file = io.StringIO()
    outlasting = Outlasting(file)
    assert outlasting.write("painted") == 7
    outlasting.flush()
    assert file.getvalue() == "painted"
    assert outlasting.isatty() is False


def test_the_real_terminal_is_back_afterwards():
    before = sys.__stderr__
    with outlasting_terminal():
        assert isinstance(sys.__stderr__, Outlasting)
    assert sys.__stderr__ is before
