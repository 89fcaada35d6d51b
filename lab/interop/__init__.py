"""Files that come from elsewhere and go elsewhere, one module per kind of content."""
