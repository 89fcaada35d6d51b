-- A judge's verdicts belong to a case revision and an answer's hash, as labels do. Without a
-- verdict the judge was asked, and its reply could not be used.
ALTER TABLE case_revisions ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';

ALTER TABLE sessions ADD COLUMN judge_id INTEGER REFERENCES variants;
ALTER TABLE sessions ADD COLUMN judge_trusted INTEGER NOT NULL DEFAULT 0;

-- Whether the person had not seen the judge's verdict; only such labels measure a judge.
ALTER TABLE labels ADD COLUMN blind INTEGER NOT NULL DEFAULT 1;

CREATE TABLE judge_runs (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    judge_id INTEGER NOT NULL REFERENCES variants,
    started_at REAL NOT NULL,
    finished_at REAL,
    outcome TEXT NOT NULL DEFAULT '',
    cost_usd REAL NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX judge_runs_by_session ON judge_runs(session_id);

CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    judge_id INTEGER NOT NULL REFERENCES variants,
    revision_id INTEGER NOT NULL REFERENCES case_revisions ON DELETE CASCADE,
    answer_hash TEXT NOT NULL,
    verdict TEXT CHECK (verdict IN ('pass', 'partial', 'fail')),
    score REAL,
    cost_usd REAL,
    created_at REAL NOT NULL,
    -- The blind label that stands for the answer, kept true by the triggers below, so that
    -- counting who said what is one walk through an index. A copy of a label counts once.
    label TEXT,
    reason TEXT NOT NULL DEFAULT '',
    checks TEXT NOT NULL DEFAULT '[]',
    UNIQUE (revision_id, answer_hash, judge_id)
);
CREATE INDEX judgements_by_session ON judgements(session_id, judge_id);
CREATE INDEX judgements_shared ON judgements(session_id, judge_id, label, verdict)
    WHERE label IS NOT NULL AND verdict IS NOT NULL;
CREATE TRIGGER judgements_labelled AFTER INSERT ON labels BEGIN
    UPDATE judgements SET label = (SELECT l.verdict FROM standing_labels AS l
        WHERE l.revision_id = new.revision_id AND l.answer_hash = new.answer_hash
        AND l.blind AND l.source <> 'carried')
    WHERE revision_id = new.revision_id AND answer_hash = new.answer_hash;
END;
CREATE TRIGGER judgements_made AFTER INSERT ON judgements BEGIN
    UPDATE judgements SET label = (SELECT l.verdict FROM standing_labels AS l
        WHERE l.revision_id = new.revision_id AND l.answer_hash = new.answer_hash
        AND l.blind AND l.source <> 'carried')
    WHERE id = new.id;
END;

-- A second, unannounced look at an answer that has a label; it measures, and replaces nothing.
CREATE TABLE second_looks (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    label_id INTEGER NOT NULL UNIQUE REFERENCES labels ON DELETE CASCADE,
    verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'partial', 'fail')),
    reason TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL
);
CREATE INDEX second_looks_by_session ON second_looks(session_id);
