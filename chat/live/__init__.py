"""The live part of the chat: the sockets of one process.

A message takes this way: `consumers` reads the frame of a socket, `writer` stores it, `chat.rooms.publisher` tells
every process, `hub` hands the event to the room's `room_feed`, and that passes it on to its `connection`s.
"""
