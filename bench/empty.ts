// Placeholder so that the project compiles.
