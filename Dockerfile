# One image for all processes; docker-compose.yml says which command each of them runs.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app

COPY requirements/run.txt requirements/run.txt
RUN pip install --no-cache-dir --no-deps --requirement requirements/run.txt

COPY . .
RUN useradd --system --home-dir /app outspoken && install --directory --owner outspoken --mode 0711 /data
USER outspoken
VOLUME /data
EXPOSE 8000

# Everything in one container, with the embedded servers: docker run -p 8000:8000 -v outspoken:/data outspoken
ENV HOST=0.0.0.0
CMD ["python", "manage.py", "run"]
