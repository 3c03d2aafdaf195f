# A rackup file without the magic comment.
class ConstantRackup
  GREETING = "hi"

  def self.call(_env) = [200, {}, [GREETING]]
end

run ConstantRackup
