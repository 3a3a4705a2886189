"""A server for trained models: a typed API, LibreTranslate's, and a page that shows what happens inside."""
