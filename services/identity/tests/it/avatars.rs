//! Pictures of employees.

use std::io::Cursor;

use contracts::google::api::HttpBody;
use contracts::identity as proto;
use contracts::identity::Avatar;
use contracts::identity::avatar_service_client::AvatarServiceClient;
use futures::stream;
use image::{ImageFormat, Rgb, RgbImage};
use tonic::Status;

use crate::stage::{SALES, Session, Stage, refused, stage};

fn picture(colour: u8) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    RgbImage::from_pixel(600, 300, Rgb([colour, 10, 10])).write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

async fn upload(stage: &Stage, caller: &Session, file: Vec<u8>) -> Result<Avatar, Status> {
    let piece = |data: &[u8]| proto::UploadAvatarRequest {
        file: Some(HttpBody { data: data.to_vec().into(), ..Default::default() }),
    };
    let pieces: Vec<_> = file.chunks(1000).map(piece).collect();
    let mut avatars = AvatarServiceClient::new(stage.identity.clone());
    Ok(avatars.upload_avatar(caller.call(stream::iter(pieces))).await?.into_inner())
}

/// Type, content and ETag.
async fn get(stage: &Stage, caller: &Session, login: &str) -> Result<(HttpBody, String), Status> {
    let request = caller.call(proto::GetAvatarRequest { employee_id: stage.id(login) });
    let reply = AvatarServiceClient::new(stage.identity.clone()).get_avatar(request).await?;
    let etag = reply.metadata().get("etag").unwrap().to_str().unwrap().to_owned();
    Ok((reply.into_inner().message().await?.unwrap(), etag))
}

#[tokio::test]
async fn everybody_has_a_picture_of_their_own() {
    let stage = stage(&["east"], &[("lilei", "east", &[SALES]), ("mei", "", &[SALES])]).await;
    let (lilei, mei) = (stage.sign_in("lilei").await, stage.sign_in("mei").await);
    assert_eq!(refused(get(&stage, &lilei, "lilei").await), "NOT_FOUND");
    let first = upload(&stage, &lilei, picture(200)).await.unwrap();
    assert_eq!((first.width, first.height, first.content_type.as_str()), (256, 128, "image/jpeg"));
    let (body, etag) = get(&stage, &mei, "lilei").await.unwrap();
    assert_eq!((body.content_type.as_str(), etag), ("image/jpeg", format!("\"{}\"", first.digest)));
    assert_eq!(image::load_from_memory(&body.data).unwrap().width(), 256);
    assert_eq!(refused(get(&stage, &mei, "mei").await), "NOT_FOUND");

    assert_eq!(upload(&stage, &lilei, picture(200)).await.unwrap(), first);
    let second = upload(&stage, &lilei, picture(90)).await.unwrap();
    assert_ne!(second.digest, first.digest);
    for (file, answer) in [
        (Vec::new(), "file: AVATAR_TYPE"),
        (b"<svg/>".to_vec(), "file: AVATAR_TYPE"),
        (picture(1)[..200].to_vec(), "file: AVATAR_BROKEN"),
        (vec![0; 1024 * 1024 + 1], "file: AVATAR_TOO_LARGE"),
    ] {
        assert_eq!(refused(upload(&stage, &lilei, file).await), answer);
    }
    assert_eq!(get(&stage, &lilei, "lilei").await.unwrap().1, format!("\"{}\"", second.digest), "nothing changed");

    let mut avatars = AvatarServiceClient::new(stage.identity.clone());
    for _ in 0..2 {
        avatars.delete_avatar(lilei.call(proto::DeleteAvatarRequest {})).await.unwrap();
    }
    assert_eq!(refused(get(&stage, &lilei, "lilei").await), "NOT_FOUND");
    let trail: Vec<String> = stage.audit(&stage.id("lilei")).await.into_iter().map(|(action, _)| action).collect();
    let trail: Vec<&str> = trail.iter().map(String::as_str).filter(|action| action.contains("avatar")).collect();
    assert_eq!(trail, ["employee.avatar_changed", "employee.avatar_changed", "employee.avatar_deleted"]);
}
