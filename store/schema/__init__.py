"""Tables, migrations, the engine, errors, kinds and the vault: what every other room of the store stands on."""
