"""What can be done in a room, and by whom: asked and called by pages, sockets and jobs alike."""
