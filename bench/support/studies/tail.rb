# frozen_string_literal: true

require_relative "../compare/run"

# What sharing one VM lock does to the tail: as many threads in one Kino and in one Puma process, with twice as many
# clients.
module Bench
  cpu, json, io = Rows.named(%w[cpu json io])
  app = { rackup: "#{ROOT}/bench/apps/rails.ru" }
  rails = [Row.new(name: "rails_json", path: "/json", about: "20 items", answer: /"asked":null/, **app),
           Row.new(name: "rails_html", path: "/html", about: "20 items", answer: /item &lt;19&gt;/, **app)]
  rows = [cpu, json, *rails, io.with(slots: false).next_to("/cpu")]
  Run.start(ARGV, connections: 12, rows:, columns: Columns.named(%w[kino-threaded puma-single]))
end
