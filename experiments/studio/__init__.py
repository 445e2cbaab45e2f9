"""A web application in which people record demonstrations, watch agents, take over and judge."""
