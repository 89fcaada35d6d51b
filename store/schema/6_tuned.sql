-- What a tuned model was made from and by, as JSON; {} for every other variant. It is part of
-- the variant's hash, so that a base model is never taken for its tuned one.
ALTER TABLE variants ADD COLUMN tuned TEXT NOT NULL DEFAULT '{}';
