-- How long the list of pending grams may grow is up to who writes: connections keep it short, imports lift it for a batch.
ALTER INDEX search_document_grams RESET (gin_pending_list_limit);
