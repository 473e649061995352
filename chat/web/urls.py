from django.urls import path

from chat.web import file_views, moderation_views, views

urlpatterns = [
    path("chat/", views.rooms, name="chat"),
    path("chat/search/", views.search, name="chat_search"),
    path("chat/lessons/<int:lesson_id>/", views.discuss, name="chat_discuss"),
    path("chat/courses/<int:course_id>/open/", moderation_views.open_course_room, name="chat_open"),
    path("chat/<int:room_id>/", views.room, name="chat_room"),
    path("chat/<int:room_id>/read/", views.mark_read, name="chat_read"),
    path("chat/<int:room_id>/silence/", views.silence, name="chat_silence"),
    path("chat/<int:room_id>/messages/<int:seq>/", views.message, name="chat_message"),
    path("chat/<int:room_id>/people/", moderation_views.people, name="chat_people"),
    path("chat/<int:room_id>/mute/", moderation_views.mute, name="chat_mute"),
    path("chat/<int:room_id>/log/", moderation_views.log, name="chat_log"),
    path("chat/<int:room_id>/export/", moderation_views.export, name="chat_export"),
    path("chat/<int:room_id>/export.json", moderation_views.export_json, name="chat_export_json"),
    path("chat/<int:room_id>/files/<uuid:key>/small.webp", file_views.thumbnail, name="chat_thumbnail"),
    path("chat/<int:room_id>/files/<uuid:key>/<path:name>", file_views.file, name="chat_file"),
]
