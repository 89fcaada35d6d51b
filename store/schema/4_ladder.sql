-- What the person typed of the task's economics: the value of a right answer and the like for
-- the session (rung ''), a price or an upfront cost for one rung.
CREATE TABLE economics (
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    rung TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (session_id, rung, name)
) WITHOUT ROWID;

-- The variant that stands for a rung because the person said so.
CREATE TABLE pins (
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    rung TEXT NOT NULL,
    variant_id INTEGER NOT NULL REFERENCES variants,
    PRIMARY KEY (session_id, rung)
) WITHOUT ROWID;

-- Every verdict on a step that was told, append-only; `facts` is what it rested on, as JSON.
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    from_id INTEGER NOT NULL REFERENCES variants,
    to_id INTEGER NOT NULL REFERENCES variants,
    told_at REAL NOT NULL,
    benchmark TEXT NOT NULL,
    state TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX verdicts_by_session ON verdicts(session_id, id);
