"""What is computed of one photo or one sentence: local features, codebooks, VLAD, sentence embeddings."""
