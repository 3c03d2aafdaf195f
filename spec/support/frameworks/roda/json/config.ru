# frozen_string_literal: true

require "roda"

# The json and json_parser plugins.
class App < Roda
  plugin :json
  plugin :json_parser, content_type_regexp: %r{\Aapplication/json\b}i
  plugin :all_verbs

  route do |r|
    r.is "items" do
      r.get { [{ "id" => 1 }, { "id" => 2 }] }
      r.post { { "made" => r.params["name"] } }
      r.delete { { "deleted" => true } }
    end
  end
end

run App.freeze.app
