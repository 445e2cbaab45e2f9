"""Episodes from the files of other recorders, and files of other formats from episodes."""
