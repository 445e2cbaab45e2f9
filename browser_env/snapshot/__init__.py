"""Snapshots of sites: what a site served, kept as HAR, and replayed to a page without any network."""
