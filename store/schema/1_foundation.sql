-- Long texts stand last in their tables: SQLite reads through what stands before a column.
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    opened_at REAL NOT NULL,
    cap_usd REAL,
    state TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX sessions_by_use ON sessions(opened_at);

CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    revision_id INTEGER REFERENCES case_revisions,
    removed_at REAL,
    UNIQUE (session_id, key)
);
CREATE INDEX cases_in_order ON cases(session_id, position) WHERE removed_at IS NULL;

CREATE TABLE case_revisions (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases ON DELETE CASCADE,
    number INTEGER NOT NULL,
    split TEXT NOT NULL CHECK (split IN ('test', 'train')),
    hash TEXT NOT NULL,
    created_at REAL NOT NULL,
    prompt TEXT NOT NULL,
    messages TEXT NOT NULL,
    expectation TEXT NOT NULL,
    evidence TEXT NOT NULL,
    tags TEXT NOT NULL,
    UNIQUE (case_id, number)
);

CREATE TABLE contents (
    sha256 TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    chars INTEGER NOT NULL,
    pages TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    sha256 TEXT NOT NULL REFERENCES contents,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    attached INTEGER,
    added_at REAL NOT NULL,
    UNIQUE (session_id, sha256)
);

CREATE TABLE variants (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    rung TEXT NOT NULL,
    provider TEXT NOT NULL,
    base_url TEXT NOT NULL,
    model TEXT NOT NULL,
    system TEXT NOT NULL,
    parameters TEXT NOT NULL,
    documents TEXT NOT NULL,
    created_at REAL NOT NULL
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    variant_id INTEGER NOT NULL REFERENCES variants,
    benchmark TEXT NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    outcome TEXT NOT NULL DEFAULT '',
    cost_usd REAL NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_session ON runs(session_id, variant_id);

CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    variant_id INTEGER NOT NULL REFERENCES variants,
    case_id INTEGER NOT NULL REFERENCES cases ON DELETE CASCADE,
    revision_id INTEGER NOT NULL REFERENCES case_revisions ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    reasoning_tokens INTEGER,
    cached_tokens INTEGER,
    cost_usd REAL,
    first_token_s REAL,
    latency_s REAL,
    started_at REAL NOT NULL,
    sent_hash TEXT NOT NULL,
    answer_hash TEXT NOT NULL DEFAULT '',
    finish_reason TEXT NOT NULL DEFAULT '',
    carried_from INTEGER REFERENCES answers,
    error TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT '',
    UNIQUE (run_id, revision_id, epoch, attempt)
);
CREATE INDEX answers_by_variant ON answers(variant_id, revision_id, epoch, id);
CREATE INDEX answers_by_revision ON answers(revision_id, answer_hash);
CREATE INDEX answers_of_case ON answers(case_id);
CREATE INDEX answers_being_asked ON answers(owner) WHERE status = 'asking';
CREATE INDEX answers_carried ON answers(carried_from) WHERE carried_from IS NOT NULL;

CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    answer_id INTEGER NOT NULL REFERENCES answers ON DELETE CASCADE,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL
);
CREATE INDEX journal_by_answer ON journal(answer_id);

CREATE TABLE grades (
    answer_id INTEGER NOT NULL REFERENCES answers ON DELETE CASCADE,
    grader TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'partial', 'fail')),
    checks TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (answer_id, grader)
) WITHOUT ROWID;

CREATE TABLE labels (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    revision_id INTEGER NOT NULL REFERENCES case_revisions ON DELETE CASCADE,
    answer_hash TEXT NOT NULL,
    verdict TEXT CHECK (verdict IN ('pass', 'partial', 'fail')),
    reason TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL,
    undoes INTEGER REFERENCES labels,
    carried_from INTEGER REFERENCES labels,
    created_at REAL NOT NULL,
    CHECK ((verdict IS NULL) = (undoes IS NOT NULL))
);
-- Partial, or else SQLite would use it to go through every label that undoes nothing.
CREATE UNIQUE INDEX labels_undone ON labels(undoes) WHERE undoes IS NOT NULL;
CREATE INDEX labels_carried ON labels(carried_from) WHERE carried_from IS NOT NULL;
CREATE INDEX labels_by_answer ON labels(revision_id, answer_hash, id);
CREATE INDEX labels_by_session ON labels(session_id, id);

CREATE VIEW standing_labels AS
SELECT label.* FROM labels AS label
WHERE label.id = (
    SELECT max(other.id) FROM labels AS other
    WHERE other.revision_id = label.revision_id AND other.answer_hash = label.answer_hash
      AND other.undoes IS NULL
      AND NOT EXISTS (SELECT 1 FROM labels AS undo WHERE undo.undoes = other.id)
);

CREATE VIRTUAL TABLE prompts_fts USING fts5(
    prompt, content='case_revisions', content_rowid='id', tokenize='unicode61'
);
CREATE TRIGGER prompts_fts_insert AFTER INSERT ON case_revisions BEGIN
    INSERT INTO prompts_fts(rowid, prompt) VALUES (new.id, new.prompt);
END;
CREATE TRIGGER prompts_fts_delete AFTER DELETE ON case_revisions BEGIN
    INSERT INTO prompts_fts(prompts_fts, rowid, prompt) VALUES ('delete', old.id, old.prompt);
END;

CREATE VIRTUAL TABLE answers_fts USING fts5(
    text, content='answers', content_rowid='id', tokenize='unicode61', prefix='2'
);
CREATE TRIGGER answers_fts_insert AFTER INSERT ON answers WHEN new.text <> '' BEGIN
    INSERT INTO answers_fts(rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER answers_fts_delete AFTER DELETE ON answers WHEN old.text <> '' BEGIN
    INSERT INTO answers_fts(answers_fts, rowid, text) VALUES ('delete', old.id, old.text);
END;
-- One trigger, since SQLite does not say which of two comes first.
CREATE TRIGGER answers_fts_update AFTER UPDATE OF text ON answers BEGIN
    INSERT INTO answers_fts(answers_fts, rowid, text)
        SELECT 'delete', old.id, old.text WHERE old.text <> '';
    INSERT INTO answers_fts(rowid, text) SELECT new.id, new.text WHERE new.text <> '';
END;
