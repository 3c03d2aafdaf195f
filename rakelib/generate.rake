# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))
require_relative "generate/findings"
require_relative "generate/front_end"
require_relative "generate/moving"
require_relative "generate/reference"
require_relative "generate/signatures"

generated = {
  "doc/configuration.md" => Generate::Reference,
  "doc/puma.md" => Generate::Moving,
  "doc/ractors.md" => Generate::Findings,
  "ext/kino/src/ruby/directives.rs" => Generate::FrontEnd,
  "sig/kino/config/dsl.rbs" => Generate::Signatures
}

desc "Write what is made from lists and tables in lib/: #{generated.keys.join(", ")}"
task :generate do
  generated.each do |path, source|
    mkdir_p File.dirname(path), verbose: false
    File.write(path, source.text)
  end
end

namespace :generate do
  desc "Check that what is made from lists and tables in lib/ is as it would be made now"
  task :check do
    stale = generated.reject { |path, source| File.exist?(path) && File.read(path) == source.text }
    told = stale.map { |path, source| "#{path} is not what comes of #{source::SOURCES.join(" and ")}" }
    abort "#{told.join("\n")}\nrun rake generate" if stale.any?
    puts "#{generated.size} files are what comes of their sources"
  end
end
