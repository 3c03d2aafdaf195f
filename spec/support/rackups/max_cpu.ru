# frozen_string_literal: true

# Responds with the environment that the process was started with.
module MaxCpu
  FOUND = [ENV.fetch("RUBY_MAX_CPU", nil), " ", ENV["KINO_REEXEC"].inspect].join.freeze

  def self.call(_env) = [200, {}, [FOUND]]
end

run MaxCpu
