"""Plain, published statistics, as pure functions; each names its source."""
