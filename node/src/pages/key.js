// Asks a security key, and sends what it says with the form whose button was pressed. A button that asks
// says by data-challenge where its question comes from, and by data-new that a key is to be bound.
"use strict";
document.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button || !button.dataset.challenge) return;
  event.preventDefault();
  const form = event.target;
  const say = (text) => {
    let place = form.querySelector("[role=alert]");
    if (!place) {
      place = document.createElement("p");
      place.className = "wrong";
      place.setAttribute("role", "alert");
      form.prepend(place);
    }
    place.textContent = text;
  };
  const put = (name, value) => {
    let field = form.elements.namedItem(name);
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      form.append(field);
    }
    field.value = value;
  };
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    say("This browser does not know security keys: take a newer one, or another way to sign in.");
    return;
  }
  button.disabled = true;
  try {
    const asked = await fetch(button.dataset.challenge, {
      method: "POST", body: new URLSearchParams(new FormData(form)),
    });
    if (asked.redirected) {
      // Her session is over.
      location.assign(asked.url);
      return;
    }
    if (!asked.ok) {
      // Whatever else is a page.
      const said = (asked.headers.get("content-type") || "").startsWith("text/plain");
      say(said ? await asked.text() : "This page is of an earlier session: open it again, and press the button there.");
      return;
    }
    const { challenge, options } = await asked.json();
    const credential = "new" in button.dataset
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    put("challenge", challenge);
    put("credential", JSON.stringify(credential));
    form.submit();
  } catch (error) {
    const words = {
      NotAllowedError: "No key of this site was touched in time, or its PIN was not right. If your browser warned you of this site's certificate, it takes no key here: tell an administrator.",
      InvalidStateError: "This key is bound to you already.",
      SecurityError: "This browser takes no key under this address: tell an administrator.",
    };
    say(words[error.name] || "The key could not be asked (" + error.name + "). Try again, or take another way.");
  } finally {
    button.disabled = false;
  }
});
