-- A fine-tuning job, hosted or local. It outlives the process that started it: what it was
-- started with is here, byte for byte, and a later Litmus follows it by `remote` or `folder`.
CREATE TABLE tuning_jobs (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    backend TEXT NOT NULL CHECK (backend IN ('hosted', 'local')),
    provider TEXT NOT NULL,
    base_url TEXT NOT NULL DEFAULT '',
    base_model TEXT NOT NULL,
    -- preparing, queued, running, succeeded, failed, cancelled
    state TEXT NOT NULL,
    -- What the provider calls the job; the folder of a local one.
    remote TEXT NOT NULL DEFAULT '',
    folder TEXT NOT NULL DEFAULT '',
    -- The tuned model as it is asked: a provider's name for it, or the adapter's hash.
    tuned_model TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    -- US dollars, NULL while not known.
    cost_usd REAL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    finished_at REAL,
    -- JSON: method, seed, hyperparameters, split, allowed leaks.
    plan TEXT NOT NULL,
    training_sha256 TEXT NOT NULL,
    training TEXT NOT NULL,
    validation TEXT NOT NULL DEFAULT ''
);
CREATE INDEX tuning_jobs_by_session ON tuning_jobs(session_id, id);
CREATE INDEX tuning_jobs_open ON tuning_jobs(state) WHERE finished_at IS NULL;

-- What a job has told, in its order. `key` is the provider's id of an event, or the line of a
-- local job's file, so that catching up tells nothing twice.
CREATE TABLE tuning_events (
    id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES tuning_jobs ON DELETE CASCADE,
    key TEXT NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    step INTEGER,
    data TEXT NOT NULL,
    UNIQUE (job_id, key)
);
