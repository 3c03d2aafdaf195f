# frozen_string_literal: true

require "kino/check"
require "json"
require "support/child"
require "tmpdir"

# The examples of doc/ractors.md, as rackup files.
RSpec.describe Kino::Check do
  text = File.read("#{Child::ROOT}/doc/ractors.md")

  # @return [Hash] the report on a rackup file, and the exit status
  def checked(rackup)
    Dir.mktmpdir do |directory|
      File.write("#{directory}/config.ru", rackup)
      child = Child.kino("--check", "--json", "--request", "GET /a", chdir: directory)
      JSON.parse(child.output, symbolize_names: true)
    ensure
      child&.close
    end
  end

  describe "an example of a finding" do
    sections = text.split(/^### /).drop(1).to_h { |section| [section[/\w+/], section] }
    examples = sections.flat_map do |cause, section|
      section.scan(/Before:\n\n```ruby\n(.*?)```\n\nAfter:\n\n```ruby\n(.*?)```/m).map { |pair| [cause, *pair] }
    end

    it "is given of the commonest" do
      expect(examples.map(&:first)).to eq(%w[captured unshareable constant constant class_ivar_write])
    end

    examples.each do |cause, before, after|
      it "has it before, and works after: #{before.lines.first.chomp}" do
        expect(checked(before)[:findings].first).to include(cause:, certainty: "certain")
        expect(checked(after)).to include(verdict: "ready", requests: ["GET /a"])
      end
    end
  end

  it "has an app with middleware that works" do
    middleware = text[/^## Middleware\n.*?```ruby\n(.*?)```/m, 1]
    expect(checked(middleware)).to include(verdict: "ready", requests: ["GET /a"])
    bare = middleware.sub("app = Rack::Builder.app do\n", "").sub(/^end\n\nrun .*\n\z/, "")
    expect(checked(bare)[:findings].first)
      .to include(cause: "unfrozen", fix: include("Ractor.make_shareable(Rack::Builder.app { use ...; run ... })"))
  end
end
