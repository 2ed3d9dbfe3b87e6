using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>What an HTTP profile made for an agent's session.</summary>
public abstract partial class ShareStoreContract
{
    [Fact]
    public void The_newest_share_of_a_session_is_found_by_its_creator_only()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        long creator = transaction.InsertRef(Seed.Ref());
        long other = transaction.InsertRef(Seed.Ref());
        (long first, _) = Seed.Share(transaction, creator);
        (long second, _) = Seed.Share(transaction, creator);
        Assert.Null(transaction.FindSessionShare(creator, "ses"));
        transaction.InsertSessionShare(new SessionShareRow(first, creator, "ses"));
        Assert.Equal(first, transaction.FindSessionShare(creator, "ses")!.ShareKey);
        transaction.InsertSessionShare(new SessionShareRow(second, creator, "ses"));

        Assert.Equal(new SessionShareRow(second, creator, "ses"), transaction.FindSessionShare(creator, "ses"));
        Assert.Equal("ses", transaction.FindSessionShare(first)!.SessionId);
        Assert.Null(transaction.FindSessionShare(other, "ses"));
        Assert.Null(transaction.FindSessionShare(creator, "SES"));
        Assert.Null(transaction.FindSessionShare(second + 1));
    }

    [Fact]
    public void The_refs_made_for_a_session_are_listed_in_the_order_of_their_making_and_no_others()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        (long share, long owner) = Seed.Share(transaction);
        (long foreign, long foreignOwner) = Seed.Share(transaction);
        transaction.InsertSessionRef(foreign, foreignOwner);
        transaction.InsertSessionRef(share, owner);
        transaction.InsertRef(Seed.Ref(owner, share, Rights.Read));
        long made = transaction.InsertRef(Seed.Ref(owner, share, Rights.Append));
        transaction.InsertSessionRef(share, made);
        Assert.Equal([owner, made], transaction.ReadSessionRefs(share).Select(row => row.Key));
        Assert.Empty(transaction.ReadSessionRefs(foreign + 1));
    }

    [Fact]
    public void The_newest_open_creator_counts()
    {
        using IWriteTransaction transaction = Store.BeginWrite();
        Assert.Null(transaction.FindOpenCreator());
        long first = transaction.InsertRef(Seed.Ref());
        transaction.InsertOpenCreator(first);
        Assert.Equal(first, transaction.FindOpenCreator()!.Key);
        long second = transaction.InsertRef(Seed.Ref());
        transaction.InsertOpenCreator(second);
        Assert.Equal(second, transaction.FindOpenCreator()!.Key);
    }
}
