// Starts the OpenAPI user interface on the documents that the page names. Its validator badge would ask
// another server, and its logo brings an inline style that the content security policy refuses: neither
// is shown.
"use strict";

(() => {
  // From here on the button of the page decides between light and dark, see docs.css.
  document.documentElement.classList.add("switched");
  const root = document.getElementById("swagger-ui");
  const noLogo = () => ({ components: { Logo: () => null } });

  window.ui = window.SwaggerUIBundle({
    domNode: root,
    urls: JSON.parse(root.dataset.urls),
    presets: [window.SwaggerUIBundle.presets.apis, window.SwaggerUIStandalonePreset, noLogo],
    layout: "StandaloneLayout",
    validatorUrl: null,
    deepLinking: true,
    filter: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    showExtensions: true,
  });
})();
