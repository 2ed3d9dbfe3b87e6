using ShareRpc.Server.Connections.DirectCalls;

namespace ShareRpc.Tests.Server.Connections;

public sealed class RpcLayerWatchTests
{
    [Fact]
    public void The_RPC_layer_is_busy_until_the_last_call_it_was_handed_has_begun()
    {
        var context = new ManualContext();
        var watch = new RpcLayerWatch(context);
        Assert.False(watch.IsBusy);

        watch.NoteTaken();
        watch.NoteTaken(); // before the notice of the first one has come
        context.RunNext();
        Assert.True(watch.IsBusy);

        context.RunNext();
        Assert.False(watch.IsBusy);
    }

    private sealed class ManualContext : SynchronizationContext
    {
        private readonly Queue<Action> posted = new();

        public override void Post(SendOrPostCallback d, object? state) => posted.Enqueue(() => d(state));

        public void RunNext() => posted.Dequeue()();
    }
}
