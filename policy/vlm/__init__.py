"""Vision-language policies: any image-text-to-text model of transformers, or one behind a server."""
