// Placeholder until the loop is written.
