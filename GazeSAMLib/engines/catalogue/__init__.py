"""Published models: what they are, how their files get here, and whether they are whole."""
