"""Cases as a person edits them: as texts, in a form or in an editor, with their revisions."""
