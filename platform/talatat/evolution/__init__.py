"""Evolution: how a database comes to a composition, and stays there."""
