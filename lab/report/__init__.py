"""What a verdict rests on, as pages to hand on: the receipt of a step, the whole report."""
