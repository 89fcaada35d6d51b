-- The RAG store. Chunks, their texts and their embeddings are kept here; what Chroma has is an
-- index of them that can be made anew.

ALTER TABLE variants ADD COLUMN retrieval TEXT NOT NULL DEFAULT '{}';

-- Documents that a case has besides the session's, or leaves out, in its context.
ALTER TABLE case_revisions ADD COLUMN documents TEXT NOT NULL DEFAULT '[]';

ALTER TABLE documents ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- The pages that are in the context, as "1-3,7"; empty for all.
ALTER TABLE documents ADD COLUMN chosen TEXT NOT NULL DEFAULT '';
-- A changed file is a new version. The old one stays, since answers rest on it.
ALTER TABLE documents ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE documents ADD COLUMN replaced_by INTEGER REFERENCES documents ON DELETE SET NULL;

-- One way to cut and to embed a session's documents. `key` is the hash of that way, `name`
-- what Chroma calls it. It stays when it is emptied: what embedding has cost was spent.
CREATE TABLE collections (
    id INTEGER PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    key TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    indexing TEXT NOT NULL,
    created_at REAL NOT NULL,
    cost_usd REAL NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0,
    UNIQUE (session_id, key)
);

-- A document on its way into a collection; it is in when `finished_at` is set. `chunks` says
-- how many it has, and is NULL until it is wholly cut.
CREATE TABLE promotions (
    collection_id INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    sha256 TEXT NOT NULL REFERENCES contents,
    started_at REAL NOT NULL,
    finished_at REAL,
    chunks INTEGER,
    PRIMARY KEY (collection_id, sha256)
) WITHOUT ROWID;

-- An id never comes back, so that what a killed process left in Chroma cannot be mistaken.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    place INTEGER NOT NULL,
    page INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0,
    -- The first 8 bytes of the text's SHA-256, to find the embedding of the same text.
    hash INTEGER NOT NULL,
    text TEXT NOT NULL,
    -- Numbers of 4 bytes, little-endian, of length 1; NULL until the chunk is embedded.
    vector BLOB,
    UNIQUE (collection_id, sha256, place),
    FOREIGN KEY (collection_id, sha256) REFERENCES promotions ON DELETE CASCADE
);
CREATE INDEX chunks_unfinished ON chunks(collection_id, sha256, place)
    WHERE vector IS NULL OR NOT indexed;
CREATE INDEX chunks_by_text ON chunks(hash) WHERE vector IS NOT NULL;

-- A chunk's text as its words are indexed, in a full-text index that each collection gets when
-- it is made (`store.chunk_words`). Scripts that leave no blanks between words (Thai,
-- Lao, Burmese, Khmer, Chinese, Japanese, Korean with its endings) are taken apart into
-- characters: unicode61 would take a whole sentence for one word.
CREATE VIEW chunk_words (id, text) AS
    WITH unspaced (one) AS (VALUES ('[ก-ໍက-႟ក-៿぀-ㄯ㐀-鿿가-힣ｦ-ﾝ𠀀-𲎯]'))
    SELECT id, CASE
        -- What is all ASCII, as most text is, need not be looked through.
        WHEN length(CAST(text AS BLOB)) > length(text) AND text GLOB '*' || one || '*' THEN (
            WITH RECURSIVE apart (rest, done) AS (
                SELECT text, ''
                UNION ALL
                SELECT substr(rest, 2), done || CASE
                    WHEN substr(rest, 1, 1) GLOB one THEN ' ' || substr(rest, 1, 1) || ' '
                    ELSE substr(rest, 1, 1)
                END FROM apart WHERE rest <> ''
            ) SELECT done FROM apart WHERE rest = ''
        )
        ELSE text
    END FROM chunks, unspaced;

-- What was retrieved for an answer: chunks, and the passage of the document, numbered as the
-- answer cites it, that each was sent in. Spans are those of the document's text, so that they
-- last when it is cut anew.
CREATE TABLE answer_chunks (
    answer_id INTEGER NOT NULL REFERENCES answers ON DELETE CASCADE,
    rank INTEGER NOT NULL,
    passage INTEGER NOT NULL,
    passage_begins INTEGER NOT NULL,
    passage_ends INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES contents,
    document TEXT NOT NULL,
    page INTEGER NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    score REAL NOT NULL,
    vector_rank INTEGER,
    keyword_rank INTEGER,
    PRIMARY KEY (answer_id, rank)
) WITHOUT ROWID;
