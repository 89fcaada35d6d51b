"""What each `litmus` verb does, one module for each group of them."""
