"""Rules and actions of rooms, used by pages, sockets and jobs."""
