from wagtail import hooks

from chat.rooms.actions import forget_person

hooks.register("forget_person", forget_person)
