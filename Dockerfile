# Headway over a PostgreSQL of your own: docker run -e HEADWAY_DATABASE_URL=postgresql://… -v headway:/home/headway/data -p 8000:8000 headway
# The volume keeps the keys of persons and those that sign; without it nothing personal could be read again.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN PATH=/venv/bin:$PATH python -m api.explorer_setup --quiet || true
RUN printf '#!/bin/sh\nPYTHONPATH=/app exec /venv/bin/python -m api "$@"\n' > /venv/bin/headway && chmod +x /venv/bin/headway

FROM python:3.11-slim
RUN useradd --system --create-home headway && install -d -m 0700 -o headway /home/headway/data
VOLUME /home/headway/data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER headway
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HEADWAY_HOST=0.0.0.0 HEADWAY_HOME=/home/headway/data
EXPOSE 8000
CMD ["headway", "serve"]
