# One image for every process: web, sockets, worker and clock differ by their command (docker-compose.yml).
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app/site:/app PARTA_DATA=/data
WORKDIR /app
RUN useradd --system --uid 10001 --home /app parta && mkdir /data && chown parta /data

# speaks words that have no recording
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends espeak-ng && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
# Static files are the same for every school and live in the image; the secret here is for this step alone.
RUN pybabel -q compile -D django -d locale \
    && PARTA_COLLECTED_STATIC=1 PARTA_DATA=/tmp/build python manage.py collectstatic --noinput -v0 \
    && mv /tmp/build/static /app/collected && rm -rf /tmp/build

USER parta
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket", "--logger-class", "config.logs.MaskingLogger", "--keep-alive", "75"]
