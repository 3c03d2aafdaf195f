# frozen_string_literal: true

require "roda"

# The render plugin: a view in a layout, a partial with locals, an inline template.
class App < Roda
  plugin :render, views: "#{__dir__}/views", escape: true

  route do |r|
    @title = "Index"

    r.root { view("index") }

    r.get("part") { render("part", locals: { name: r.params["name"] }) }

    r.get("inline") { render(inline: "inline <%= 1 + 1 %>") }
  end
end

run App.freeze.app
