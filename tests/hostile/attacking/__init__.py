"""What hostile tests are made of: a served process, raw sockets, and what has to hold afterwards."""
