# frozen_string_literal: true

# The specs that go through all of the binding: what it makes in the worker's Ractor, what it keeps there, and what the
# app may hold on to.
gc_stress = FileList[
  "spec/integration/{bodies,deaths,disconnects,env,hanging,hooks,lanes,lint,responses,uploads}_spec.rb",
  "spec/protocol/{kino_request,rack_env,rack_files,rack_hijack,rack_input,rack_response,rack_stream}_spec.rb"
]

desc "Run the binding's specs with a collection at each allocation (SPEC=path for some; takes minutes)"
task gc_stress: :compile do
  # Else every second collection of Ruby 3.4 is a major one: when a minor one has freed less than a fifth of the
  # slots, which it does after a single allocation, the VM makes the next a major one.
  env = { "RUBY_GC_HEAP_FREE_SLOTS_MIN_RATIO" => "0.01" }
  sh env, "bundle", "exec", "rspec", "--require", "support/gc_stress", *(ENV["SPEC"]&.split || gc_stress)
end
