"""What outlives the process: the SQLite file and the documents."""
