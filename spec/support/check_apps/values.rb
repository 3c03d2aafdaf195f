# frozen_string_literal: true

# What a variable, a constant or a call may stand for, and may not.
module CheckValues
  BAD = [+"x"]

  # Fit for a Ractor.
  module Ok
    def self.call(_env) = [200, {}, ["ok"]]
  end

  # Not fit for one.
  module Worse
    def self.call(_env) = [200, {}, [BAD.first]]
  end

  # A body around a body.
  class Upcased
    def initialize(body) = @body = body
    def each(&block) = @body.each { |part| block.call(part.upcase) }
  end

  module Wrapped
    def self.call(_env) = [200, {}, Upcased.new(Upcased.new(%w[hello])).each { |part| part }]
  end
end

CheckApps.app("body around a body of its kind") { CheckValues::Wrapped }
