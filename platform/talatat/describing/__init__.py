"""How the parts of a composition tell themselves in OpenAPI: resources, Cornice services, the platform."""
