"""What the samples say: medians and their spread, ratios beside their goals, tables, a picture, the page."""
