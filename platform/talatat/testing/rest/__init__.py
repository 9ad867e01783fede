"""The conventions of the interface, checked from outside."""
