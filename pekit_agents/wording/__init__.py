"""Words: how names are compared (``spelling``), and parts of the sentences of messages."""
